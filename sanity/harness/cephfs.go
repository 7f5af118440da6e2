package harness

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cluster of one of each daemon, in memory, on loopback.
const cephConfig = `[global]
fsid = %[2]s
mon host = [v2:127.0.0.1:%[3]d/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = %[1]s
admin socket = %[1]s/$cluster-$name-$pid.asok
log file = %[1]s/$name.log
mon data = %[1]s/mon
mgr data = %[1]s/mgr
osd data = %[1]s/osd
mds data = %[1]s/mds
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd objectstore = memstore
memstore device bytes = 4294967296
`

// CephFS starts a cluster and mounts its filesystem twice, as two nodes would have it. All of it
// ends with the test.
func CephFS(t testing.TB) (string, string) {
	t.Helper()
	// Sockets have short paths, so not t.TempDir().
	dir, err := os.MkdirTemp("", "ceph")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "ceph.conf")
	fsid, osd := uuid(t), uuid(t)
	port := freePort(t)
	text := fmt.Sprintf(cephConfig, dir, fsid, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mon", "mgr", "osd", "mds", "node-a", "node-b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c := ceph{t, config}
	monmap := filepath.Join(dir, "monmap")
	Run(t, "monmaptool", "--create", "--addv", "a", fmt.Sprintf("[v2:127.0.0.1:%d]", port), "--fsid", fsid, monmap)
	c.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
	c.daemon("ceph-mon", "-i", "a")
	c.daemon("ceph-mgr", "-i", "x")
	c.run("ceph", "osd", "new", osd)
	c.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
	c.daemon("ceph-osd", "-i", "0")
	c.daemon("ceph-mds", "-i", "a")
	c.run("ceph", "osd", "pool", "create", "metadata", "8")
	c.run("ceph", "osd", "pool", "create", "data", "8")
	c.run("ceph", "fs", "new", "fs", "metadata", "data")
	a, b := filepath.Join(dir, "node-a"), filepath.Join(dir, "node-b")
	c.mount(a)
	c.mount(b)
	return a, b
}

type ceph struct {
	t      testing.TB
	config string
}

func (c ceph) command(name string, args ...string) *exec.Cmd {
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), "CEPH_CONF="+c.config)
	return command
}

func (c ceph) run(name string, args ...string) {
	c.t.Helper()
	if out, err := c.command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// daemon runs in the foreground, so that it can be ended and waited for.
func (c ceph) daemon(name string, args ...string) {
	c.t.Helper()
	command := c.command(name, append(args, "-f")...)
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGKILL)
		_ = command.Wait()
	})
}

// mount waits until the filesystem is up.
func (c ceph) mount(at string) {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		out, err := c.command("ceph-fuse", "--id", "admin", at).CombinedOutput()
		if err == nil {
			c.t.Cleanup(func() { Run(c.t, "umount", at) })
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("ceph-fuse: %v\n%s", err, out)
		}
	}
}

func uuid(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
