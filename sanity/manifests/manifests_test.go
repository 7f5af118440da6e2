// Package manifests reads what "rockpool pool import" prints as the API server would.
package manifests

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"rockpool.dev/sanity/harness"
)

const claimed = "pvc-0a1b"

// TestManifestsAreTheAPIServers decodes them strictly: a field that is unknown, twice there or of
// another type fails, and so does a kind that is not registered.
func TestManifestsAreTheAPIServers(t *testing.T) {
	pool := filledPool(t)
	decode := strictDecoder(t)
	for _, format := range []string{"yaml", "json"} {
		t.Run(format, func(t *testing.T) {
			kinds := map[string]int{}
			for _, object := range decode(t, printed(t, pool, format)) {
				kinds[fmt.Sprintf("%T", object)]++
				check(t, object)
			}
			want := map[string]int{
				"*v1.PersistentVolume": 4, "*v1.PersistentVolumeClaim": 1,
				"*v1.VolumeSnapshotContent": 1, "*v1.VolumeSnapshot": 1,
			}
			if fmt.Sprint(kinds) != fmt.Sprint(want) {
				t.Errorf("printed %v, want %v", kinds, want)
			}
		})
	}
}

// filledPool has a volume of each kind, made by the driver as external-provisioner asks for them.
func filledPool(t *testing.T) string {
	pool := harness.Pool(t, harness.Filesystem(t, 8), "default", "local")
	driver := harness.Start(t, "--pool", "default="+pool, "--node-id", "old-node")
	client := driver.Dial(t)
	ctx := context.Background()
	once := csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER
	block := &csi.VolumeCapability{
		AccessType: &csi.VolumeCapability_Block{Block: &csi.VolumeCapability_BlockVolume{}},
		AccessMode: &csi.VolumeCapability_AccessMode{Mode: csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER},
	}
	for name, capability := range map[string]*csi.VolumeCapability{
		claimed: harness.Mount("ext4", once), "pvc-xfs": harness.Mount("xfs", once),
		// A number in YAML, unless it is quoted.
		"1e3": harness.Mount("btrfs", once), "pvc-raw": block,
	} {
		request := &csi.CreateVolumeRequest{
			Name:               name,
			CapacityRange:      &csi.CapacityRange{RequiredBytes: 512 << 20},
			VolumeCapabilities: []*csi.VolumeCapability{capability},
		}
		if name == claimed {
			request.Parameters = map[string]string{
				"csi.storage.k8s.io/pvc/namespace": "shop",
				"csi.storage.k8s.io/pvc/name":      "data",
				"csi.storage.k8s.io/pv/name":       name,
			}
		}
		if _, err := client.CreateVolume(ctx, request); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.CreateSnapshot(ctx, &csi.CreateSnapshotRequest{Name: "snapshot-0a1b", SourceVolumeId: claimed})
	if err != nil {
		t.Fatal(err)
	}
	driver.Stop(t)
	return pool
}

func printed(t *testing.T, pool, format string) []byte {
	t.Helper()
	var out, log bytes.Buffer
	command := exec.Command(harness.Program(t), "pool", "import", "--pool", "default="+pool,
		"--node-id", "new-node", "--storage-class", "rockpool", "--claims", "-o", format)
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	return out.Bytes()
}

func strictDecoder(t *testing.T) func(*testing.T, []byte) []runtime.Object {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, snapshotv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	one := func(t *testing.T, text []byte) runtime.Object {
		t.Helper()
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		return object
	}
	return func(t *testing.T, text []byte) []runtime.Object {
		t.Helper()
		var objects []runtime.Object
		for _, document := range bytes.Split(text, []byte("---\n")) {
			if len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			object := one(t, document)
			if list, isList := object.(*corev1.List); isList {
				for _, item := range list.Items {
					objects = append(objects, one(t, item.Raw))
				}
			} else {
				objects = append(objects, object)
			}
		}
		return objects
	}
}

func check(t *testing.T, object runtime.Object) {
	t.Helper()
	switch is := object.(type) {
	case *corev1.PersistentVolume:
		if is.Spec.CSI.VolumeHandle != is.Name || is.Spec.CSI.Driver != "csi.rockpool.dev" {
			t.Errorf("%s is %+v", is.Name, is.Spec.CSI)
		}
		if size := is.Spec.Capacity[corev1.ResourceStorage]; size.Value() != 512<<20 {
			t.Errorf("%s has %v bytes", is.Name, size.Value())
		}
		if is.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRetain {
			t.Errorf("%s is reclaimed by %v", is.Name, is.Spec.PersistentVolumeReclaimPolicy)
		}
		terms := is.Spec.NodeAffinity.Required.NodeSelectorTerms
		if want := "topology.rockpool.dev/node In [new-node]"; affinity(terms) != want {
			t.Errorf("%s is reached from %v, want %s", is.Name, terms, want)
		}
		mode, access := corev1.PersistentVolumeFilesystem, corev1.ReadWriteOnce
		if is.Name == "pvc-raw" {
			mode, access = corev1.PersistentVolumeBlock, corev1.ReadWriteOncePod
		}
		if *is.Spec.VolumeMode != mode || len(is.Spec.AccessModes) != 1 || is.Spec.AccessModes[0] != access {
			t.Errorf("%s is %v %v", is.Name, *is.Spec.VolumeMode, is.Spec.AccessModes)
		}
		if reference := is.Spec.ClaimRef; (reference != nil) != (is.Name == claimed) {
			t.Errorf("%s is kept for %v", is.Name, reference)
		}
	case *corev1.PersistentVolumeClaim:
		if is.Namespace != "shop" || is.Name != "data" || is.Spec.VolumeName != claimed || *is.Spec.StorageClassName != "rockpool" {
			t.Errorf("claim %+v", is)
		}
	case *snapshotv1.VolumeSnapshotContent:
		if *is.Spec.Source.SnapshotHandle != "snapshot-0a1b" || is.Spec.DeletionPolicy != snapshotv1.VolumeSnapshotContentRetain {
			t.Errorf("content %+v", is.Spec)
		}
	case *snapshotv1.VolumeSnapshot:
		if *is.Spec.Source.VolumeSnapshotContentName != "snapshot-0a1b" {
			t.Errorf("snapshot %+v", is.Spec)
		}
	default:
		t.Errorf("nobody asked for a %T", object)
	}
}

func affinity(terms []corev1.NodeSelectorTerm) string {
	var text string
	for _, term := range terms {
		for _, expression := range term.MatchExpressions {
			text += fmt.Sprintf("%s %s %v", expression.Key, expression.Operator, expression.Values)
		}
	}
	return text
}
