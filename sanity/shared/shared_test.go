// Package shared runs two nodes on one pool of a real distributed filesystem.
package shared

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rockpool.dev/sanity/harness"
)

const mebibyte = 1 << 20

var (
	ctx        = context.Background()
	manyWriter = harness.Mount("", csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER)
	oneWriter  = harness.Mount("ext4", csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER)
)

// node is one of the two, with a place for its targets.
type node struct {
	harness.Client
	id, staging, target string
}

func TestCephFS(t *testing.T) {
	first, second := harness.CephFS(t)
	harness.Pool(t, first, "pool", "shared")
	a, b := start(t, "node-a", first), start(t, "node-b", second)
	t.Run("a directory volume is held to its size", func(t *testing.T) { directoryHasASize(t, a) })
	t.Run("a directory volume has many writers", func(t *testing.T) { directoryHasManyWriters(t, a, b) })
	t.Run("an image volume has one", func(t *testing.T) { imageHasOneWriter(t, a, b) })
}

func start(t *testing.T, id, filesystem string) node {
	driver := harness.Start(t, "--pool", "pool="+filepath.Join(filesystem, "pool"), "--node-id", id)
	dir := t.TempDir()
	n := node{driver.Dial(t), id, filepath.Join(dir, "staging"), filepath.Join(dir, "target")}
	if err := os.Mkdir(n.staging, 0o700); err != nil {
		t.Fatal(err)
	}
	return n
}

func directoryHasASize(t *testing.T, a node) {
	volume := create(t, a, "sized", manyWriter, 8*mebibyte)
	if enforced := volume.GetVolumeContext()["sizeEnforced"]; enforced != "" {
		t.Errorf("sizeEnforced is %q where the filesystem enforces it", enforced)
	}
	use(t, a, "sized", manyWriter)
	fill := func() error { return fill(filepath.Join(a.target, "file"), 64*mebibyte) }
	if err := fill(); !errors.Is(err, syscall.EDQUOT) {
		t.Errorf("writing 64 MiB into a volume of 8 MiB: %v, not EDQUOT", err)
	}
	_, err := a.ControllerExpandVolume(ctx, &csi.ControllerExpandVolumeRequest{
		VolumeId: "sized", CapacityRange: &csi.CapacityRange{RequiredBytes: 128 * mebibyte},
	})
	must(t, err)
	if err := fill(); err != nil {
		t.Errorf("writing 64 MiB into a volume grown to 128 MiB: %v", err)
	}
	release(t, a, "sized")
	remove(t, a, "sized")
}

func directoryHasManyWriters(t *testing.T, a, b node) {
	create(t, a, "many", manyWriter, 8*mebibyte)
	use(t, a, "many", manyWriter)
	use(t, b, "many", manyWriter)
	must(t, os.WriteFile(filepath.Join(a.target, "of-a"), []byte("a"), 0o600))
	must(t, os.WriteFile(filepath.Join(b.target, "of-b"), []byte("b"), 0o600))
	for _, path := range []string{filepath.Join(a.target, "of-b"), filepath.Join(b.target, "of-a")} {
		if _, err := os.ReadFile(path); err != nil {
			t.Errorf("what one node wrote, the other should see: %v", err)
		}
	}
	_, err := a.DeleteVolume(ctx, &csi.DeleteVolumeRequest{VolumeId: "many"})
	refused(t, err, codes.FailedPrecondition, "node-b")
	release(t, a, "many")
	release(t, b, "many")
	remove(t, b, "many")
}

func imageHasOneWriter(t *testing.T, a, b node) {
	create(t, a, "one", oneWriter, 64*mebibyte)
	use(t, a, "one", oneWriter)
	must(t, fill(filepath.Join(a.target, "file"), mebibyte))
	refused(t, publish(b, "one", oneWriter), codes.FailedPrecondition, "node-a")

	// The record is overruled, as an orchestrator does that takes a node for lost: the lock in the
	// filesystem still stands between the two.
	_, err := b.ControllerUnpublishVolume(ctx, &csi.ControllerUnpublishVolumeRequest{VolumeId: "one", NodeId: "node-a"})
	must(t, err)
	must(t, publish(b, "one", oneWriter))
	refused(t, stage(b, "one", oneWriter), codes.FailedPrecondition, "locked")

	release(t, a, "one")
	must(t, stage(b, "one", oneWriter))
	info, err := os.Stat(filepath.Join(b.staging, "file"))
	if err != nil || info.Size() != mebibyte {
		t.Errorf("what node-a wrote is not on node-b: %v, %v", info, err)
	}
	release(t, b, "one")
	remove(t, a, "one")
}

func create(t *testing.T, n node, name string, capability *csi.VolumeCapability, bytes int64) *csi.Volume {
	t.Helper()
	response, err := n.CreateVolume(ctx, &csi.CreateVolumeRequest{
		Name:               name,
		CapacityRange:      &csi.CapacityRange{RequiredBytes: bytes},
		VolumeCapabilities: []*csi.VolumeCapability{capability},
	})
	must(t, err)
	return response.GetVolume()
}

func publish(n node, id string, capability *csi.VolumeCapability) error {
	_, err := n.ControllerPublishVolume(ctx, &csi.ControllerPublishVolumeRequest{
		VolumeId: id, NodeId: n.id, VolumeCapability: capability,
	})
	return err
}

func stage(n node, id string, capability *csi.VolumeCapability) error {
	_, err := n.NodeStageVolume(ctx, &csi.NodeStageVolumeRequest{
		VolumeId: id, StagingTargetPath: n.staging, VolumeCapability: capability,
	})
	return err
}

func use(t *testing.T, n node, id string, capability *csi.VolumeCapability) {
	t.Helper()
	must(t, publish(n, id, capability))
	must(t, stage(n, id, capability))
	_, err := n.NodePublishVolume(ctx, &csi.NodePublishVolumeRequest{
		VolumeId: id, StagingTargetPath: n.staging, TargetPath: n.target, VolumeCapability: capability,
	})
	must(t, err)
}

func release(t *testing.T, n node, id string) {
	t.Helper()
	_, err := n.NodeUnpublishVolume(ctx, &csi.NodeUnpublishVolumeRequest{VolumeId: id, TargetPath: n.target})
	must(t, err)
	_, err = n.NodeUnstageVolume(ctx, &csi.NodeUnstageVolumeRequest{VolumeId: id, StagingTargetPath: n.staging})
	must(t, err)
	_, err = n.ControllerUnpublishVolume(ctx, &csi.ControllerUnpublishVolumeRequest{VolumeId: id, NodeId: n.id})
	must(t, err)
}

func remove(t *testing.T, n node, id string) {
	t.Helper()
	_, err := n.DeleteVolume(ctx, &csi.DeleteVolumeRequest{VolumeId: id})
	must(t, err)
}

func refused(t *testing.T, err error, code codes.Code, because string) {
	t.Helper()
	if status.Code(err) != code || !strings.Contains(err.Error(), because) {
		t.Errorf("got %v, not %s with %q", err, code, because)
	}
}

// fill writes so many bytes and lets them reach the filesystem.
func fill(path string, bytes int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	chunk := make([]byte, mebibyte)
	for written := 0; written < bytes; written += len(chunk) {
		if _, err := file.Write(chunk); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
