package wire

import (
	"os"
	"strings"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// The build of proto/ leaves its descriptor set here; ROCKPOOL_DESCRIPTORS names another one.
// Test with -count=1: go's cache of results does not notice a change outside of this module.
const builtDescriptors = "../../proto/target/rockpool.protobin"

var (
	publishedCSI          = csi.File_csi_proto
	publishedRegistration = registration.File_staging_src_k8s_io_kubelet_pkg_apis_pluginregistration_v1_api_proto
)

// Where protobuf-java can't have the published name; csi.proto says why.
var csiRenames = Renames{
	"csi.v1.ControllerModifyVolumeRequest.mutable_params":                "mutable_parameters",
	"csi.v1.CreateVolumeRequest.mutable_params":                          "mutable_parameters",
	"csi.v1.ValidateVolumeCapabilitiesRequest.mutable_params":            "mutable_parameters",
	"csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed.mutable_params": "mutable_parameters",
}

func TestCSIIsThePublishedInterface(t *testing.T) {
	report(t, Differences(ourFile(t, "csi.v1"), publishedCSI, csiRenames))
}

func TestPluginRegistrationIsThePublishedInterface(t *testing.T) {
	report(t, Differences(ourFile(t, "pluginregistration"), publishedRegistration, nil))
}

func report(t *testing.T, differences []string) {
	t.Helper()
	for _, difference := range differences {
		t.Error(difference)
	}
}

// ourFile is the one file of a package in the descriptor set that the build left.
func ourFile(t *testing.T, name protoreflect.FullName) protoreflect.FileDescriptor {
	t.Helper()
	path := os.Getenv("ROCKPOOL_DESCRIPTORS")
	if path == "" {
		path = builtDescriptors
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("Build proto/ first, or name its descriptor set in ROCKPOOL_DESCRIPTORS: %v", err)
	}

	// Twice, so that the custom options are read by our definitions of them, not by the published.
	files := parse(t, raw, protoregistry.GlobalTypes)
	files = parse(t, raw, dynamicpb.NewTypes(files))

	var found []protoreflect.FileDescriptor
	files.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
		found = append(found, file)
		return true
	})
	if len(found) != 1 {
		t.Fatalf("%s has %d files of package %s instead of one.", path, len(found), name)
	}
	return found[0]
}

type resolver interface {
	protoregistry.ExtensionTypeResolver
	protoregistry.MessageTypeResolver
}

func parse(t *testing.T, raw []byte, options resolver) *protoregistry.Files {
	t.Helper()
	set := &descriptorpb.FileDescriptorSet{}
	if err := (proto.UnmarshalOptions{Resolver: options}).Unmarshal(raw, set); err != nil {
		t.Fatalf("The descriptor set can't be read: %v", err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatalf("The descriptor set does not hold together: %v", err)
	}
	return files
}

// Each change of the published file must be told, by a sentence that names what was changed.
func TestADifferenceIsNamed(t *testing.T) {
	const (
		createVolume = "CreateVolumeRequest"
		capability   = "VolumeCapability"
		service      = "Controller"
	)
	tests := map[string]struct {
		change func(*descriptorpb.FileDescriptorProto)
		want   string
	}{
		"nothing": {
			func(*descriptorpb.FileDescriptorProto) {},
			"",
		},
		"field number": {
			func(f *descriptorpb.FileDescriptorProto) { field(f, createVolume, "name").Number = proto.Int32(9) },
			"The field csi.v1.CreateVolumeRequest.name has number 9 here and 1 in the published interface.",
		},
		"field type": {
			func(f *descriptorpb.FileDescriptorProto) {
				field(f, createVolume, "name").Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
			},
			"The field csi.v1.CreateVolumeRequest.name has type bytes here and string in the published interface.",
		},
		"message type of a field": {
			func(f *descriptorpb.FileDescriptorProto) {
				field(f, createVolume, "capacity_range").TypeName = proto.String(".csi.v1.Volume")
			},
			"The field csi.v1.CreateVolumeRequest.capacity_range has type csi.v1.Volume here and csi.v1.CapacityRange in the published interface.",
		},
		"cardinality": {
			func(f *descriptorpb.FileDescriptorProto) {
				field(f, createVolume, "volume_capabilities").Label = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()
			},
			"The field csi.v1.CreateVolumeRequest.volume_capabilities has cardinality optional here and repeated in the published interface.",
		},
		"optional keyword": {
			func(f *descriptorpb.FileDescriptorProto) {
				m := message(f, "CapacityRange")
				m.OneofDecl = append(m.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String("_limit_bytes")})
				limit := field(f, "CapacityRange", "limit_bytes")
				limit.Proto3Optional, limit.OneofIndex = proto.Bool(true), proto.Int32(0)
			},
			"The field csi.v1.CapacityRange.limit_bytes has keyword optional here and (none) in the published interface.",
		},
		"JSON name": {
			func(f *descriptorpb.FileDescriptorProto) {
				field(f, createVolume, "capacity_range").JsonName = proto.String("range")
			},
			"The field csi.v1.CreateVolumeRequest.capacity_range has JSON name range here and (none) in the published interface.",
		},
		"oneof": {
			func(f *descriptorpb.FileDescriptorProto) {
				message(f, capability).OneofDecl[0].Name = proto.String("kind")
			},
			"The field csi.v1.VolumeCapability.block has oneof kind here and access_type in the published interface.",
		},
		"field left out": {
			func(f *descriptorpb.FileDescriptorProto) {
				m := message(f, createVolume)
				m.Field = m.Field[1:]
			},
			"The field csi.v1.CreateVolumeRequest.name is missing here.",
		},
		"field too many": {
			func(f *descriptorpb.FileDescriptorProto) {
				m := message(f, createVolume)
				extra := proto.Clone(m.Field[0]).(*descriptorpb.FieldDescriptorProto)
				extra.Name, extra.Number, extra.JsonName = proto.String("color"), proto.Int32(77), nil
				m.Field = append(m.Field, extra)
			},
			"The field csi.v1.CreateVolumeRequest.color is not in the published interface.",
		},
		"option of a field": {
			func(f *descriptorpb.FileDescriptorProto) { field(f, createVolume, "secrets").Options = nil },
			"The field csi.v1.CreateVolumeRequest.secrets has option csi.v1.csi_secret (1059) (none) here and true in the published interface.",
		},
		"option of a message": {
			func(f *descriptorpb.FileDescriptorProto) { message(f, "VolumeCondition").Options = nil },
			"The message csi.v1.VolumeCondition has option csi.v1.alpha_message (1060) (none) here and true in the published interface.",
		},
		"option of an enum value": {
			func(f *descriptorpb.FileDescriptorProto) {
				message(f, capability).NestedType[2].EnumType[0].Value[6].Options = nil
			},
			"The enum value csi.v1.VolumeCapability.AccessMode.Mode.SINGLE_NODE_SINGLE_WRITER has option csi.v1.alpha_enum_value (1060) (none) here and true in the published interface.",
		},
		"number of an enum value": {
			func(f *descriptorpb.FileDescriptorProto) {
				message(f, capability).NestedType[2].EnumType[0].Value[6].Number = proto.Int32(66)
			},
			"The enum value csi.v1.VolumeCapability.AccessMode.Mode.SINGLE_NODE_SINGLE_WRITER has number 66 here and 6 in the published interface.",
		},
		"method's input": {
			func(f *descriptorpb.FileDescriptorProto) {
				method(f, service, "DeleteVolume").InputType = proto.String(".csi.v1.CreateVolumeRequest")
			},
			"The method csi.v1.Controller.DeleteVolume has input csi.v1.CreateVolumeRequest here and csi.v1.DeleteVolumeRequest in the published interface.",
		},
		"stream": {
			func(f *descriptorpb.FileDescriptorProto) {
				method(f, "SnapshotMetadata", "GetMetadataDelta").ServerStreaming = nil
			},
			"The method csi.v1.SnapshotMetadata.GetMetadataDelta has output csi.v1.GetMetadataDeltaResponse here and stream csi.v1.GetMetadataDeltaResponse in the published interface.",
		},
		"option of a method": {
			func(f *descriptorpb.FileDescriptorProto) { method(f, service, "GetSnapshot").Options = nil },
			"The method csi.v1.Controller.GetSnapshot has option csi.v1.alpha_method (1060) (none) here and true in the published interface.",
		},
		"definition of an option": {
			func(f *descriptorpb.FileDescriptorProto) {
				named(f.Extension, "csi_secret").Number = proto.Int32(1061)
			},
			"The extension csi.v1.csi_secret has number 1061 here and 1059 in the published interface.",
		},
		"service left out": {
			func(f *descriptorpb.FileDescriptorProto) { f.Service = f.Service[1:] },
			"The service csi.v1.Identity is missing here.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			changed := protodesc.ToFileDescriptorProto(publishedCSI)
			test.change(changed)
			file, err := protodesc.NewFile(changed, protoregistry.GlobalFiles)
			if err != nil {
				t.Fatal(err)
			}
			found := strings.Join(Differences(file, publishedCSI, nil), "\n")
			if test.want == "" && found != "" || !strings.Contains(found, test.want) {
				t.Errorf("The differences found are:\n%s\nnot:\n%s", found, test.want)
			}
		})
	}
}

func TestAnExceptionThatIsNotNeededIsNamed(t *testing.T) {
	found := strings.Join(Differences(publishedCSI, publishedCSI, csiRenames), "\n")
	for renamed := range csiRenames {
		want := "The exception for " + string(renamed) + " is stale: there is no such field here."
		if !strings.Contains(found, want) {
			t.Errorf("The differences found are:\n%s\nnot:\n%s", found, want)
		}
	}
}

func message(f *descriptorpb.FileDescriptorProto, name string) *descriptorpb.DescriptorProto {
	return named(f.MessageType, name)
}

func field(f *descriptorpb.FileDescriptorProto, in, name string) *descriptorpb.FieldDescriptorProto {
	return named(message(f, in).Field, name)
}

func method(f *descriptorpb.FileDescriptorProto, in, name string) *descriptorpb.MethodDescriptorProto {
	return named(named(f.Service, in).Method, name)
}

func named[D interface{ GetName() string }](descriptors []D, name string) D {
	for _, d := range descriptors {
		if d.GetName() == name {
			return d
		}
	}
	panic("no " + name)
}
