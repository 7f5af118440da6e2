// Package conformance runs csi-sanity against the built driver, on real loop devices.
package conformance

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"rockpool.dev/sanity/harness"
)

const attachLimit = 4

func TestCsiSanity(t *testing.T) {
	csiSanity := build(t)
	for _, contents := range []string{"ext4", "xfs", "btrfs", "block"} {
		for _, limited := range []bool{false, true} {
			name := contents
			if limited {
				name += " with an attach limit"
			}
			t.Run(name, func(t *testing.T) { run(t, csiSanity, contents, limited) })
		}
	}
}

// build makes csi-sanity once, of the version that go.mod pins.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "csi-sanity")
	harness.Run(t, "go", "build", "-o", binary, "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity")
	return binary
}

func run(t *testing.T, csiSanity, contents string, limited bool) {
	pool := harness.Pool(t, harness.Filesystem(t, 64), "default", "local")
	driverArgs := []string{"--pool", "default=" + pool, "--node-id", "sanity-node"}
	dir, targets := t.TempDir(), t.TempDir()
	sanityArgs := []string{
		"-csi.mountdir=" + filepath.Join(targets, "mount"),
		"-csi.stagingdir=" + filepath.Join(targets, "staging"),
		"-ginkgo.junit-report=" + filepath.Join(dir, "report.xml"),
		"-ginkgo.no-color",
	}
	if contents == "block" {
		sanityArgs = append(sanityArgs, "-csi.testvolumeaccesstype=block")
	} else {
		parameters := filepath.Join(dir, "parameters.yaml")
		write(t, parameters, "csi.storage.k8s.io/fstype: "+contents+"\n")
		sanityArgs = append(sanityArgs, "-csi.testvolumeaccesstype=mount", "-csi.testvolumeparameters="+parameters)
	}
	if limited {
		driverArgs = append(driverArgs, "--max-volumes", fmt.Sprint(attachLimit))
		sanityArgs = append(sanityArgs, "-csi.testnodevolumeattachlimit")
	}
	secrets := filepath.Join(dir, "secrets.yaml")
	write(t, secrets, secretsFile)
	sanityArgs = append(sanityArgs, "-csi.secrets="+secrets)

	driver := harness.Start(t, driverArgs...)
	observe := func() harness.System { return harness.Observe(t, filepath.Join(pool, "volumes"), targets) }
	before := observe()
	out, err := exec.Command(csiSanity, append(sanityArgs, "-csi.endpoint="+driver.Socket)...).CombinedOutput()
	if err != nil {
		t.Errorf("csi-sanity: %v\n%s", err, out)
	}
	before.RequireSame(t, observe())
	driver.Stop(t)
	if strings.Contains(driver.Log.String(), secretValue) {
		t.Errorf("a secret is in the driver's log")
	}
	report(t, filepath.Join(dir, "report.xml"))
}

const secretValue = "hush-hush"

const secretsFile = `CreateVolumeSecret: {key: ` + secretValue + `}
DeleteVolumeSecret: {key: ` + secretValue + `}
ControllerPublishVolumeSecret: {key: ` + secretValue + `}
ControllerUnpublishVolumeSecret: {key: ` + secretValue + `}
ControllerValidateVolumeCapabilitiesSecret: {key: ` + secretValue + `}
NodeStageVolumeSecret: {key: ` + secretValue + `}
NodePublishVolumeSecret: {key: ` + secretValue + `}
ControllerExpandVolumeSecret: {key: ` + secretValue + `}
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// report prints what csi-sanity counted, and why it skipped what it skipped.
func report(t *testing.T, path string) {
	t.Helper()
	var suites struct {
		Cases []struct {
			Name    string `xml:"name,attr"`
			Status  string `xml:"status,attr"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	bytes, err := os.ReadFile(path)
	if err == nil {
		err = xml.Unmarshal(bytes, &suites)
	}
	if err != nil {
		t.Fatal(err)
	}
	counts, reasons := map[string]int{}, map[string]int{}
	for _, spec := range suites.Cases {
		if !strings.HasPrefix(spec.Name, "[It]") {
			continue // set-up and tear-down of the suite
		}
		counts[spec.Status]++
		if spec.Skipped != nil && spec.Status == "skipped" {
			reasons[strings.TrimPrefix(spec.Skipped.Message, "skipped - ")]++
		}
	}
	var skipped []string
	for _, reason := range sorted(reasons) {
		skipped = append(skipped, fmt.Sprintf("%s (%d)", reason, reasons[reason]))
	}
	fmt.Printf("csi-sanity %s: %d passed, %d failed, %d skipped, %d pending\n  skipped: %s\n",
		strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestCsiSanity/"), "_", " "),
		counts["passed"], counts["failed"], counts["skipped"], counts["pending"], strings.Join(skipped, ", "))
	if counts["passed"] == 0 || counts["failed"] > 0 {
		t.Errorf("csi-sanity counted %v", counts)
	}
}

func sorted(counts map[string]int) []string {
	var keys []string
	for key := range counts {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
