// Package harness starts the built driver for tests, on real filesystems, and finds what it leaves.
package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Program is the path of the built driver's launcher.
func Program(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	program := filepath.Join(filepath.Dir(file), "..", "..", "driver", "target", "rockpool", "bin", "rockpool")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the driver is not built (%v): run ./mvnw -DskipTests package first", err)
	}
	return program
}

// Run runs a command to its end and returns what it printed; a failure fails the test.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Filesystem makes a sparse XFS, which has reflinks, mounts it, and takes it away after the test.
func Filesystem(t testing.TB, gigabytes int) string {
	t.Helper()
	dir := t.TempDir()
	image, mount := filepath.Join(dir, "filesystem.img"), filepath.Join(dir, "mounted")
	Run(t, "truncate", "-s", fmt.Sprintf("%dG", gigabytes), image)
	Run(t, "mkfs.xfs", "-q", image)
	if err := os.Mkdir(mount, 0o700); err != nil {
		t.Fatal(err)
	}
	Run(t, "mount", "-o", "loop", image, mount)
	t.Cleanup(func() { Run(t, "umount", mount) })
	return mount
}

// Pool makes a pool in a directory of its own on the filesystem.
func Pool(t testing.TB, filesystem, name, kind string) string {
	t.Helper()
	dir := filepath.Join(filesystem, name)
	Run(t, Program(t), "pool", "init", "--pool", name+"="+dir, "--kind", kind)
	return dir
}

// Driver is a running driver.
type Driver struct {
	Socket string
	Log    *bytes.Buffer
	cmd    *exec.Cmd
}

// Start starts the driver in standalone mode and waits until its socket is there. It is stopped
// after the test.
func Start(t testing.TB, args ...string) *Driver {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "csi.sock")
	driver := &Driver{Socket: socket, Log: &bytes.Buffer{}}
	all := append([]string{"standalone", "--endpoint", "unix://" + socket, "--state-dir", filepath.Join(dir, "state")}, args...)
	driver.cmd = exec.Command(Program(t), all...)
	driver.cmd.Stdout, driver.cmd.Stderr = driver.Log, driver.Log
	if err := driver.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.Stop(t) })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return driver
		}
		if time.Now().After(end) {
			driver.Stop(t)
			t.Fatalf("no socket after 20 s:\n%s", driver.Log)
		}
	}
}

// Stop ends the driver as systemd or kubelet would.
func (d *Driver) Stop(t testing.TB) {
	t.Helper()
	if d.cmd.ProcessState != nil {
		return
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("can't end the driver: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- d.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = d.cmd.Process.Kill()
		t.Errorf("the driver did not end within 30 s of SIGTERM:\n%s", d.Log)
	}
}

// System is what could be left over: files below some directories, mounts there, and loop devices
// on files there.
type System struct {
	lines []string
}

// Observe lists what there is now of the directories.
func Observe(t testing.TB, directories ...string) System {
	t.Helper()
	var lines []string
	add := func(kind, path string) {
		for _, directory := range directories {
			if strings.HasPrefix(path, directory+"/") {
				lines = append(lines, kind+" "+path)
			}
		}
	}
	for _, file := range strings.Split(Run(t, "losetup", "--list", "--noheadings", "-O", "BACK-FILE"), "\n") {
		add("loop device on", strings.TrimSpace(file))
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(table), "\n") {
		if fields := strings.Fields(line); len(fields) > 4 {
			add("mount at", fields[4])
		}
	}
	for _, directory := range directories {
		err := filepath.WalkDir(directory, func(path string, _ os.DirEntry, err error) error {
			add("file", path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(lines)
	return System{lines}
}

// RequireSame fails the test for everything that is there now and was not, or was and is not.
func (before System) RequireSame(t testing.TB, now System) {
	t.Helper()
	for _, line := range difference(now.lines, before.lines) {
		t.Errorf("left over: %s", line)
	}
	for _, line := range difference(before.lines, now.lines) {
		t.Errorf("gone: %s", line)
	}
}

func difference(of, without []string) []string {
	known := map[string]int{}
	for _, line := range without {
		known[line]++
	}
	var left []string
	for _, line := range of {
		if known[line]--; known[line] < 0 {
			left = append(left, line)
		}
	}
	return left
}

// Pid is the process id of the driver.
func (d *Driver) Pid() int { return d.cmd.Process.Pid }
