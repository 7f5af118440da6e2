package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"

	"rockpool.dev/sanity/harness"
)

// What cp does with an image, and what it takes until that would outlive a power cut.
const (
	bareReflink = `cp --reflink=always "$1" "$2"`
	bareSynced  = bareReflink + ` && sync "$2"`
)

// BenchmarkSnapshot: CreateSnapshot of a mounted ext4 volume with 16 MiB in it, CreateVolume from the
// snapshot and from the volume, and bare reflinks of the same image, by size and filesystem of the pool.
func BenchmarkSnapshot(b *testing.B) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\npool\tvolume\tsnapshot\trestore\tclone\tcp\tcp, sync\t")
	for _, filesystem := range []string{"xfs", "btrfs"} {
		mounted := reflinked(b, filesystem)
		pool := harness.Pool(b, mounted, "default", "local")
		// Volumes are larger than the filesystem, and hold next to nothing.
		driver := harness.Start(b, "--pool", "default="+pool+",overcommit=20", "--node-id", node)
		c := dial(b, driver)
		for _, size := range []struct {
			name  string
			bytes int64
		}{{"100MiB", 100 << 20}, {"1GiB", gib}, {"10GiB", 10 * gib}, {"100GiB", 100 * gib}} {
			b.Run(filesystem+"/"+size.name, func(b *testing.B) {
				times := c.snapshots(b, pool, size.bytes)
				b.ReportMetric(0, "ns/op")
				row := filesystem + "\t" + size.name
				for _, column := range []string{"snapshot", "restore", "clone", "cp", "cp-sync"} {
					b.ReportMetric(milliseconds(median(times[column])), column+"-ms")
					row += fmt.Sprintf("\t%.1f ms", milliseconds(median(times[column])))
				}
				if b.N > 1 {
					fmt.Fprintln(table, row+"\t")
				}
			})
		}
	}
	table.Flush()
}

// reflinked makes a sparse filesystem that has reflinks, mounts it, and takes it away after the
// benchmark.
func reflinked(b *testing.B, kind string) string {
	b.Helper()
	if kind == "xfs" {
		return harness.Filesystem(b, 64)
	}
	dir := b.TempDir()
	image, mounted := filepath.Join(dir, "filesystem.img"), filepath.Join(dir, "mounted")
	harness.Run(b, "truncate", "-s", "64G", image)
	harness.Run(b, "mkfs."+kind, "-q", image)
	must(b, os.Mkdir(mounted, 0o700))
	harness.Run(b, "mount", "-o", "loop", image, mounted)
	b.Cleanup(func() { harness.Run(b, "umount", mounted) })
	return mounted
}

// snapshots uses a volume of the size, and measures in turn what is made of it.
func (c client) snapshots(b *testing.B, pool string, bytes int64) map[string][]time.Duration {
	b.Helper()
	source := fmt.Sprintf("source-%d", bytes)
	must(b, c.create(source, bytes, nil))
	b.Cleanup(func() { c.remove(b, source) })
	staging := c.use(b, source)
	must(b, os.WriteFile(filepath.Join(staging, "data"), make([]byte, 16<<20), 0o600))
	image := filepath.Join(pool, "volumes", source, "disk.img")
	bare := filepath.Join(pool, "bare.img")

	times := map[string][]time.Duration{}
	watch := func(what string, work func() error) {
		times[what] = append(times[what], timed(b, work))
	}
	for i := range b.N {
		watch("cp", func() error { return exec.Command("sh", "-c", bareReflink, "sh", image, bare).Run() })
		must(b, os.Remove(bare))
		watch("cp-sync", func() error { return exec.Command("sh", "-c", bareSynced, "sh", image, bare).Run() })
		must(b, os.Remove(bare))
		name := fmt.Sprintf("%s-%d", source, i)
		watch("snapshot", func() error { return c.snapshot(name, source) })
		watch("restore", func() error { return c.create(name+"-restored", bytes, ofSnapshot(name)) })
		watch("clone", func() error { return c.create(name+"-clone", bytes, ofVolume(source)) })
		c.remove(b, name+"-restored", name+"-clone")
		_, err := c.DeleteSnapshot(context.Background(), &csi.DeleteSnapshotRequest{SnapshotId: name})
		must(b, err)
	}
	return times
}

func (c client) create(name string, bytes int64, content *csi.VolumeContentSource) error {
	_, err := c.CreateVolume(context.Background(), &csi.CreateVolumeRequest{
		Name:                name,
		CapacityRange:       &csi.CapacityRange{RequiredBytes: bytes},
		VolumeCapabilities:  []*csi.VolumeCapability{ext4},
		VolumeContentSource: content,
	})
	return err
}

func (c client) snapshot(name, source string) error {
	answer, err := c.CreateSnapshot(context.Background(), &csi.CreateSnapshotRequest{Name: name, SourceVolumeId: source})
	if err == nil && !answer.GetSnapshot().GetReadyToUse() {
		return fmt.Errorf("snapshot %s was copied: the pool has no reflinks", name)
	}
	return err
}

func (c client) remove(b *testing.B, volumes ...string) {
	b.Helper()
	for _, volume := range volumes {
		_, err := c.DeleteVolume(context.Background(), &csi.DeleteVolumeRequest{VolumeId: volume})
		must(b, err)
	}
}

// use stages the volume until the benchmark ends, and returns where.
func (c client) use(b *testing.B, volume string) string {
	b.Helper()
	ctx := context.Background()
	staging := filepath.Join(c.work, volume)
	must(b, os.Mkdir(staging, 0o700))
	_, err := c.ControllerPublishVolume(ctx, &csi.ControllerPublishVolumeRequest{
		VolumeId: volume, NodeId: node, VolumeCapability: ext4,
	})
	must(b, err)
	b.Cleanup(func() {
		_, err := c.NodeUnstageVolume(ctx, &csi.NodeUnstageVolumeRequest{VolumeId: volume, StagingTargetPath: staging})
		must(b, err)
		_, err = c.ControllerUnpublishVolume(ctx, &csi.ControllerUnpublishVolumeRequest{VolumeId: volume, NodeId: node})
		must(b, err)
		must(b, os.Remove(staging))
	})
	_, err = c.NodeStageVolume(ctx, &csi.NodeStageVolumeRequest{
		VolumeId: volume, StagingTargetPath: staging, VolumeCapability: ext4,
	})
	must(b, err)
	return staging
}

func ofSnapshot(id string) *csi.VolumeContentSource {
	return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Snapshot{
		Snapshot: &csi.VolumeContentSource_SnapshotSource{SnapshotId: id},
	}}
}

func ofVolume(id string) *csi.VolumeContentSource {
	return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Volume{
		Volume: &csi.VolumeContentSource_VolumeSource{VolumeId: id},
	}}
}
