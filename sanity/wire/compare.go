// Package wire compares two descriptions of one protobuf interface: is everything that goes over
// the wire, or that a program may read out of the description, the same in both?
package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Renames gives the published name of each field that we call otherwise, by our full name.
type Renames map[protoreflect.FullName]protoreflect.Name

// Differences says in sentences how our file differs from the published one. It is empty if they
// agree and if every rename was needed.
func Differences(ours, published protoreflect.FileDescriptor, renames Renames) []string {
	needed := map[protoreflect.FullName]bool{}
	here := describe(ours, func(f protoreflect.FieldDescriptor) protoreflect.FullName {
		name, renamed := renames[f.FullName()]
		if !renamed {
			return f.FullName()
		}
		needed[f.FullName()] = true
		return f.FullName().Parent().Append(name)
	})
	there := describe(published, protoreflect.FieldDescriptor.FullName)

	var found []string
	for _, name := range sortedKeys(renames) {
		if !needed[name] {
			found = append(found, fmt.Sprintf("The exception for %s is stale: there is no such field here.", name))
		}
	}
	for _, element := range sortedKeys(there) {
		if _, ok := here[element]; !ok {
			found = append(found, fmt.Sprintf("The %s is missing here.", element))
		}
	}
	for _, element := range sortedKeys(here) {
		theirs, ok := there[element]
		if !ok {
			found = append(found, fmt.Sprintf("The %s is not in the published interface.", element))
			continue
		}
		found = append(found, unequal(element, here[element], theirs)...)
	}
	return found
}

func unequal(element string, here, there facts) []string {
	all := maps.Clone(here)
	maps.Copy(all, there)
	var found []string
	for _, fact := range sortedKeys(all) {
		if here[fact] != there[fact] {
			found = append(found, fmt.Sprintf("The %s has %s %s here and %s in the published interface.",
				element, fact, orNone(here[fact]), orNone(there[fact])))
		}
	}
	return found
}

func orNone(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// facts are the properties of one element; an absent one equals an empty one.
type facts map[string]string

// description has the facts of every element of a file, by kind and full name.
type description map[string]facts

// naming gives the full name under which a field is compared.
type naming func(protoreflect.FieldDescriptor) protoreflect.FullName

func describe(file protoreflect.FileDescriptor, nameOf naming) description {
	d := description{}
	d.add("package", file.FullName(), file, facts{"syntax": file.Syntax().String()})
	d.messages(file.Messages(), nameOf)
	d.enums(file.Enums())
	d.extensions(file.Extensions())
	for service := range each(file.Services()) {
		d.add("service", service.FullName(), service, facts{})
		for method := range each(service.Methods()) {
			d.add("method", method.FullName(), method, facts{
				"input":  streamed(method.IsStreamingClient(), method.Input()),
				"output": streamed(method.IsStreamingServer(), method.Output()),
			})
		}
	}
	return d
}

func (d description) messages(messages protoreflect.MessageDescriptors, nameOf naming) {
	for message := range each(messages) {
		// A map's entry has no name on the wire, and its types stand in the field's type.
		if message.IsMapEntry() {
			continue
		}
		d.add("message", message.FullName(), message, facts{})
		for field := range each(message.Fields()) {
			d.add("field", nameOf(field), field, fieldFacts(field))
		}
		for oneof := range each(message.Oneofs()) {
			d.add("oneof", oneof.FullName(), oneof, facts{})
		}
		d.messages(message.Messages(), nameOf)
		d.enums(message.Enums())
		d.extensions(message.Extensions())
	}
}

func (d description) enums(enums protoreflect.EnumDescriptors) {
	for enum := range each(enums) {
		d.add("enum", enum.FullName(), enum, facts{})
		for value := range each(enum.Values()) {
			// A value's full name leaves its enum out.
			d.add("enum value", enum.FullName().Append(value.Name()), value, facts{
				"number": fmt.Sprint(value.Number()),
			})
		}
	}
}

func (d description) extensions(extensions protoreflect.ExtensionDescriptors) {
	for extension := range each(extensions) {
		f := fieldFacts(extension)
		f["extended message"] = string(extension.ContainingMessage().FullName())
		d.add("extension", extension.FullName(), extension, f)
	}
}

// add enters an element with its facts and its options, custom ones among them. A file's options
// are for code generators of one language or another, and stay out.
func (d description) add(kind string, name protoreflect.FullName, of protoreflect.Descriptor, f facts) {
	if _, isFile := of.(protoreflect.FileDescriptor); !isFile {
		options := of.Options().ProtoReflect()
		options.Range(func(option protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			f[fmt.Sprintf("option %s (%d)", option.FullName(), option.Number())] = value.String()
			return true
		})
		if unknown := options.GetUnknown(); len(unknown) > 0 {
			f["options that nothing defines"] = fmt.Sprintf("%x", []byte(unknown))
		}
	}
	d[kind+" "+string(name)] = f
}

func fieldFacts(field protoreflect.FieldDescriptor) facts {
	f := facts{
		"number":      fmt.Sprint(field.Number()),
		"type":        typeOf(field),
		"cardinality": field.Cardinality().String(),
	}
	if field.HasOptionalKeyword() {
		f["keyword"] = "optional"
	}
	if field.IsPacked() {
		f["encoding"] = "packed"
	}
	if oneof := field.ContainingOneof(); oneof != nil {
		f["oneof"] = string(oneof.Name())
	}
	if !field.IsExtension() && field.JSONName() != derivedJSONName(field.Name()) {
		f["JSON name"] = field.JSONName()
	}
	return f
}

func typeOf(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return fmt.Sprintf("map<%s, %s>", typeOf(field.MapKey()), typeOf(field.MapValue()))
	case field.Message() != nil:
		return string(field.Message().FullName())
	case field.Enum() != nil:
		return string(field.Enum().FullName())
	default:
		return field.Kind().String()
	}
}

func streamed(stream bool, message protoreflect.MessageDescriptor) string {
	if stream {
		return "stream " + string(message.FullName())
	}
	return string(message.FullName())
}

// derivedJSONName is the name that protoc makes where a field sets none: underscores go, and a
// letter after one becomes a capital.
func derivedJSONName(name protoreflect.Name) string {
	var b strings.Builder
	for i, part := range strings.Split(string(name), "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// list is what all of protoreflect's lists of descriptors are.
type list[D any] interface {
	Len() int
	Get(i int) D
}

func each[D any](descriptors list[D]) func(yield func(D) bool) {
	return func(yield func(D) bool) {
		for i := range descriptors.Len() {
			if !yield(descriptors.Get(i)) {
				return
			}
		}
	}
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
