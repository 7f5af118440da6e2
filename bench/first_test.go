// Package bench measures the built driver. It asserts nothing about time; it prints.
//
//	cd bench && go test -bench . -benchtime 20x
package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"

	"rockpool.dev/sanity/harness"
)

// What the driver does for a volume's life, as bare commands in a shell.
const bare = `set -e
mkdir "$1/bare"
truncate -s 1G "$1/bare/disk.img"
mkfs.ext4 -q -F -m 0 "$1/bare/disk.img"
device=$(losetup --find --show --direct-io=on --sector-size 512 "$1/bare/disk.img")
mkdir "$2/staging" "$2/target"
mount -t ext4 "$device" "$2/staging"
mount --bind "$2/staging" "$2/target"
umount "$2/target"
umount "$2/staging"
losetup --detach "$device"
rm -r "$1/bare" "$2/staging" "$2/target"
`

// start starts a driver on a pool of its own.
func start(b *testing.B) (*harness.Driver, string) {
	b.Helper()
	filesystem := harness.Filesystem(b, 64)
	pool := harness.Pool(b, filesystem, "default", "local")
	return harness.Start(b, "--pool", "default="+pool, "--node-id", node), filesystem
}

// BenchmarkLife: a 1 GiB ext4 volume from creation to deletion, in turn with the bare commands.
func BenchmarkLife(b *testing.B) {
	driver, filesystem := start(b)
	c := dial(b, driver)
	work := b.TempDir()
	for i := range 5 {
		must(b, c.live(fmt.Sprintf("warm-%d", i), unwatched))
	}
	var ours, theirs []time.Duration
	var oursCPU, theirsCPU, bareCPU time.Duration
	calls := map[string][]time.Duration{}
	watch := func(call string, took time.Duration) { calls[call] = append(calls[call], took) }
	for i := range b.N {
		theirs = append(theirs, timed(b, func() error {
			shell := exec.Command("sh", "-c", bare, "sh", filesystem, work)
			err := shell.Run()
			bareCPU = shell.ProcessState.UserTime() + shell.ProcessState.SystemTime()
			return err
		}))
		theirsCPU += bareCPU
		before := processorTime(b, driver.Pid())
		ours = append(ours, timed(b, func() error { return c.live(fmt.Sprintf("life-%d", i), watch) }))
		oursCPU += processorTime(b, driver.Pid()) - before
	}
	for call, times := range calls {
		b.ReportMetric(milliseconds(median(times)), call+"-ms")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(median(ours)), "driver-ms")
	b.ReportMetric(milliseconds(median(theirs)), "bare-ms")
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "driver/bare")
	// What others do on the machine changes these least.
	b.ReportMetric(milliseconds(oursCPU)/float64(b.N), "driver-cpu-ms")
	b.ReportMetric(milliseconds(theirsCPU)/float64(b.N), "bare-cpu-ms")
	b.ReportMetric(mebibytes(b, driver.Pid()), "rss-MiB")
}

// BenchmarkParallel: 32 different volumes, at once and one after the other.
func BenchmarkParallel(b *testing.B) {
	driver, _ := start(b)
	c := dial(b, driver)
	must(b, c.live("warm", unwatched))
	var at, after []time.Duration
	for i := range b.N {
		at = append(at, timed(b, func() error {
			var wait sync.WaitGroup
			failures := make(chan error, 32)
			for v := range 32 {
				wait.Go(func() { failures <- c.live(fmt.Sprintf("at-once-%d-%d", i, v), unwatched) })
			}
			wait.Wait()
			close(failures)
			for failure := range failures {
				if failure != nil {
					return failure
				}
			}
			return nil
		}))
		after = append(after, timed(b, func() error {
			for v := range 32 {
				if err := c.live(fmt.Sprintf("in-turn-%d-%d", i, v), unwatched); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(median(at)), "at-once-ms")
	b.ReportMetric(milliseconds(median(after)), "in-turn-ms")
}

// BenchmarkStart: from the start of the process to the first answered call, and what it keeps in
// memory when it is idle: some seconds later, when the JVM has given back what compiling took.
func BenchmarkStart(b *testing.B) {
	pool := harness.Pool(b, harness.Filesystem(b, 64), "default", "local")
	var first []time.Duration
	var memory []float64
	for range b.N {
		begin := time.Now()
		driver := harness.Start(b, "--pool", "default="+pool, "--node-id", node)
		c := dial(b, driver)
		_, err := c.GetPluginInfo(context.Background(), &csi.GetPluginInfoRequest{})
		must(b, err)
		first = append(first, time.Since(begin))
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			_, err := c.Probe(context.Background(), &csi.ProbeRequest{})
			must(b, err)
		}
		memory = append(memory, mebibytes(b, driver.Pid()))
		driver.Stop(b)
	}
	sort.Float64s(memory)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(median(first)), "first-answer-ms")
	b.ReportMetric(memory[len(memory)/2], "rss-MiB")
}

func timed(b *testing.B, work func() error) time.Duration {
	b.Helper()
	begin := time.Now()
	must(b, work())
	return time.Since(begin)
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func median(times []time.Duration) time.Duration {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times[len(times)/2]
}

func milliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}

// processorTime is what the process, and its children that have ended, have used.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	must(b, err)
	// The second field, the name in parentheses, may have spaces in it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		must(b, err)
		ticks += n
	}
	// USER_HZ is 100 on every Linux.
	return time.Duration(ticks) * 10 * time.Millisecond
}

// mebibytes is the resident memory of the process.
func mebibytes(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	must(b, err)
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			must(b, err)
			return kib / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
