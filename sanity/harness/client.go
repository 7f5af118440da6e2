package harness

import (
	"context"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Client calls a driver as an orchestrator does.
type Client struct {
	csi.IdentityClient
	csi.ControllerClient
	csi.NodeClient
}

// Dial connects to the driver and waits until it is ready.
func (d *Driver) Dial(t testing.TB) Client {
	t.Helper()
	connection, err := grpc.NewClient("unix://"+d.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	client := Client{csi.NewIdentityClient(connection), csi.NewControllerClient(connection), csi.NewNodeClient(connection)}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		probe, err := client.Probe(context.Background(), &csi.ProbeRequest{})
		if err == nil && probe.GetReady().GetValue() {
			return client
		}
		if time.Now().After(end) {
			t.Fatalf("not ready after 20 s: %v, %v\n%s", probe, err, d.Log)
		}
	}
}

// Mount is the capability of a filesystem volume; an empty type is the driver's choice.
func Mount(fsType string, mode csi.VolumeCapability_AccessMode_Mode) *csi.VolumeCapability {
	return &csi.VolumeCapability{
		AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{FsType: fsType}},
		AccessMode: &csi.VolumeCapability_AccessMode{Mode: mode},
	}
}
