// Package registration plays kubelet's part in registering the driver: it finds the socket in the
// plugins_registry directory, asks who is there, calls the driver where that says it is, and tells
// how it went.
package registration

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	registerapi "k8s.io/kubelet/pkg/apis/pluginregistration/v1"

	"rockpool.dev/sanity/harness"
)

const (
	driverName = "csi.rockpool.dev"
	node       = "registered-node"
	patience   = 20 * time.Second
)

// dial connects as kubelet does: the path is the target, and nothing sets the authority.
func dial(t *testing.T, path string) *grpc.ClientConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := grpc.DialContext(ctx, path,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithBlock(),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", address)
		}))
	if err != nil {
		t.Fatalf("can't connect to %s: %v", path, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// await waits until the file is there.
func await(t *testing.T, path string, log func() string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %s after %s:\n%s", path, patience, log())
		}
	}
}

func requireMode(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != mode {
		t.Errorf("%s has mode %v, want %v", path, info.Mode(), mode)
	}
}

func requireGone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there (%v)", path, err)
	}
}

func TestKubeletRegistersTheDriver(t *testing.T) {
	registry := t.TempDir()
	pool := harness.Pool(t, t.TempDir(), "default", "local")
	driver := harness.Start(t, "--pool", "default="+pool, "--node-id", node, "--kubelet-registration", registry)
	socket := filepath.Join(registry, driverName+"-reg.sock")
	await(t, socket, driver.Log.String)
	requireMode(t, socket, fs.ModeSocket|0o600)
	requireMode(t, driver.Socket, fs.ModeSocket|0o600)
	entries, err := os.ReadDir(registry)
	if err != nil || len(entries) != 1 {
		t.Errorf("%s holds %v (%v), want the socket alone: kubelet takes what it finds for plugins", registry, entries, err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	registration := registerapi.NewRegistrationClient(dial(t, socket))
	info, err := registration.GetInfo(ctx, &registerapi.InfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if info.Type != registerapi.CSIPlugin || info.Name != driverName || info.Endpoint != driver.Socket ||
		strings.Join(info.SupportedVersions, ",") != "1.0.0" {
		t.Errorf("GetInfo: %v", info)
	}

	// Kubelet now calls the driver, and wants an answer at once.
	conn := dial(t, info.Endpoint)
	plugin, err := csi.NewIdentityClient(conn).GetPluginInfo(ctx, &csi.GetPluginInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if plugin.Name != info.Name {
		t.Errorf("the driver is %s, and was registered as %s", plugin.Name, info.Name)
	}
	self, err := csi.NewNodeClient(conn).NodeGetInfo(ctx, &csi.NodeGetInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if self.NodeId != node || self.AccessibleTopology.GetSegments()["topology.rockpool.dev/node"] != node {
		t.Errorf("NodeGetInfo: %v", self)
	}

	if _, err := registration.NotifyRegistrationStatus(ctx, &registerapi.RegistrationStatus{PluginRegistered: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := csi.NewIdentityClient(conn).Probe(ctx, &csi.ProbeRequest{}); err != nil {
		t.Errorf("the driver does not go on after it was registered: %v", err)
	}

	driver.Stop(t)
	requireGone(t, socket)
	requireGone(t, driver.Socket)
}

func TestTheEndpointCanBeAnotherPathForKubelet(t *testing.T) {
	registry := t.TempDir()
	path := "/var/lib/kubelet/plugins/" + driverName + "/csi.sock"
	pool := harness.Pool(t, t.TempDir(), "default", "local")
	driver := harness.Start(t, "--pool", "default="+pool, "--node-id", node,
		"--kubelet-registration", registry, "--kubelet-endpoint", path)
	socket := filepath.Join(registry, driverName+"-reg.sock")
	await(t, socket, driver.Log.String)

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	info, err := registerapi.NewRegistrationClient(dial(t, socket)).GetInfo(ctx, &registerapi.InfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if info.Endpoint != path {
		t.Errorf("the endpoint is %s, want %s", info.Endpoint, path)
	}
}

// Kubelet asks again when the socket is made anew: so the process ends, and is started again.
func TestTheDriverEndsWhenKubeletRefusesIt(t *testing.T) {
	registry, directory := t.TempDir(), t.TempDir()
	pool := harness.Pool(t, t.TempDir(), "default", "local")
	endpoint := filepath.Join(directory, "csi.sock")
	var log strings.Builder
	command := exec.Command(harness.Program(t), "standalone", "--pool", "default="+pool, "--node-id", node,
		"--endpoint", "unix://"+endpoint, "--state-dir", filepath.Join(directory, "state"),
		"--kubelet-registration", registry)
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { _ = command.Process.Kill() })
	socket := filepath.Join(registry, driverName+"-reg.sock")
	await(t, socket, func() string { return "" })

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	status := &registerapi.RegistrationStatus{Error: "no CSIDriver of that name"}
	if _, err := registerapi.NewRegistrationClient(dial(t, socket)).NotifyRegistrationStatus(ctx, status); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the driver goes on")
	}
	if code := command.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(log.String(), "kubelet did not register "+driverName+": no CSIDriver of that name") {
		t.Errorf("the log does not tell why:\n%s", log.String())
	}
	requireGone(t, socket)
	requireGone(t, endpoint)
}
