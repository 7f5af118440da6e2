package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"

	"rockpool.dev/sanity/harness"
)

const (
	gib  = 1 << 30
	node = "bench-node"
)

// client is an orchestrator with a place for its targets.
type client struct {
	harness.Client
	work string
}

func dial(b testing.TB, driver *harness.Driver) client {
	b.Helper()
	return client{driver.Dial(b), b.TempDir()}
}

var ext4 = harness.Mount("ext4", csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER)

// live walks a volume through its life, from its creation to its deletion, and tells each call's
// time to the stopwatch.
func (c client) live(name string, stopwatch func(call string, took time.Duration)) error {
	ctx := context.Background()
	staging, target := filepath.Join(c.work, name), filepath.Join(c.work, name+"-target")
	if err := os.Mkdir(staging, 0o700); err != nil {
		return err
	}
	defer os.Remove(staging)
	steps := []struct {
		name string
		call func() error
	}{
		{"CreateVolume", func() error {
			_, err := c.CreateVolume(ctx, &csi.CreateVolumeRequest{
				Name:               name,
				CapacityRange:      &csi.CapacityRange{RequiredBytes: gib},
				VolumeCapabilities: []*csi.VolumeCapability{ext4},
			})
			return err
		}},
		{"ControllerPublishVolume", func() error {
			_, err := c.ControllerPublishVolume(ctx, &csi.ControllerPublishVolumeRequest{
				VolumeId: name, NodeId: node, VolumeCapability: ext4,
			})
			return err
		}},
		{"NodeStageVolume", func() error {
			_, err := c.NodeStageVolume(ctx, &csi.NodeStageVolumeRequest{
				VolumeId: name, StagingTargetPath: staging, VolumeCapability: ext4,
			})
			return err
		}},
		{"NodePublishVolume", func() error {
			_, err := c.NodePublishVolume(ctx, &csi.NodePublishVolumeRequest{
				VolumeId: name, StagingTargetPath: staging, TargetPath: target, VolumeCapability: ext4,
			})
			return err
		}},
		{"NodeUnpublishVolume", func() error {
			_, err := c.NodeUnpublishVolume(ctx, &csi.NodeUnpublishVolumeRequest{VolumeId: name, TargetPath: target})
			return err
		}},
		{"NodeUnstageVolume", func() error {
			_, err := c.NodeUnstageVolume(ctx, &csi.NodeUnstageVolumeRequest{VolumeId: name, StagingTargetPath: staging})
			return err
		}},
		{"ControllerUnpublishVolume", func() error {
			_, err := c.ControllerUnpublishVolume(ctx, &csi.ControllerUnpublishVolumeRequest{VolumeId: name, NodeId: node})
			return err
		}},
		{"DeleteVolume", func() error {
			_, err := c.DeleteVolume(ctx, &csi.DeleteVolumeRequest{VolumeId: name})
			return err
		}},
	}
	for _, step := range steps {
		begin := time.Now()
		if err := step.call(); err != nil {
			return fmt.Errorf("%s of %s: %w", step.name, name, err)
		}
		stopwatch(step.name, time.Since(begin))
	}
	return nil
}

// unwatched is for those who want the whole only.
func unwatched(string, time.Duration) {}
