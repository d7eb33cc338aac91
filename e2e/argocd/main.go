// Argo CD's own code over AppServers: its Lua interpreter and rules of health, its actions, and its two ways to compare.
//
//	argocd health CONFIGMAP         objects, one a line: what Argo CD says of the health of each
//	argocd actions CONFIGMAP        objects: the actions that it offers
//	argocd action CONFIGMAP NAME    objects: each as the action leaves it
//	argocd diff                     {"config": …, "live": …}: which ways see a difference, with what they expect
//
// CONFIGMAP is a file with settings of argocd-cm. For diff, KUBECONFIG names a cluster that has the kinds.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/health"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/kube"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/tracing"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// manager is the field manager of Argo CD's server-side apply.
const manager = "argocd-controller"

func main() {
	answer, err := command(os.Args[1:])
	if err == nil {
		err = eachLine(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type answering func(line []byte) (any, error)

func command(args []string) (answering, error) {
	if slices.Equal(args, []string{"diff"}) {
		return differ()
	}
	if len(args) < 2 {
		return nil, fmt.Errorf("usage: argocd health|actions|action|diff …")
	}
	overrides, err := resourceOverrides(args[1])
	if err != nil {
		return nil, err
	}
	vm := lua.VM{ResourceOverrides: overrides}
	switch {
	case args[0] == "health":
		return onObject(func(object *unstructured.Unstructured) (any, error) {
			return health.GetResourceHealth(object, lua.ResourceHealthOverrides(overrides))
		}), nil
	case args[0] == "actions":
		return onObject(func(object *unstructured.Unstructured) (any, error) {
			scripts, err := vm.GetResourceActionDiscovery(object)
			if err != nil {
				return nil, err
			}
			return vm.ExecuteResourceActionDiscovery(object, scripts)
		}), nil
	case args[0] == "action" && len(args) == 3:
		return onObject(func(object *unstructured.Unstructured) (any, error) {
			action, err := vm.GetResourceAction(object, args[2])
			if err != nil {
				return nil, err
			}
			impacted, err := vm.ExecuteResourceAction(object, action.ActionLua, nil)
			if err != nil {
				return nil, err
			}
			if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
				return nil, fmt.Errorf("the action does more than patch the object")
			}
			return impacted[0].UnstructuredObj.Object, nil
		}), nil
	}
	return nil, fmt.Errorf("unknown command %q", args[0])
}

// resourceOverrides are those of argocd-cm, as Argo CD reads them.
func resourceOverrides(file string) (map[string]v1alpha1.ResourceOverride, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var configMap corev1.ConfigMap
	if err := yaml.UnmarshalStrict(content, &configMap); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	overrides := map[string]v1alpha1.ResourceOverride{}
	for key, value := range configMap.Data {
		of, kind, found := strings.Cut(strings.TrimPrefix(key, "resource.customizations."), ".")
		if !found {
			continue
		}
		kind = strings.Replace(kind, "_", "/", 1)
		override := overrides[kind]
		switch of {
		case "health":
			override.HealthLua = value
		case "actions":
			override.Actions = value
		}
		overrides[kind] = override
	}
	return overrides, nil
}

func onObject(answer func(*unstructured.Unstructured) (any, error)) answering {
	return func(line []byte) (any, error) {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(line); err != nil {
			return nil, err
		}
		return answer(object)
	}
}

func differ() (answering, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	kubectl := &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}
	_, parser, err := kubectl.LoadOpenAPISchema(config)
	if err != nil {
		return nil, err
	}
	// What it would clean up is a temporary file of this process, which ends with its work.
	applier, _, err := kubectl.ManageServerSideDiffDryRuns(config)
	if err != nil {
		return nil, err
	}
	common := []diff.Option{diff.WithLogr(logr.Discard()), diff.WithGVKParser(parser), diff.WithManager(manager)}
	serverSide := append(slices.Clone(common),
		diff.WithServerSideDiff(true), diff.WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(applier)))
	return func(line []byte) (any, error) {
		var pair struct {
			Config, Live json.RawMessage
		}
		if err := json.Unmarshal(line, &pair); err != nil {
			return nil, err
		}
		seen := map[string]any{}
		for name, options := range map[string][]diff.Option{"client side": common, "server side": serverSide} {
			config, live := &unstructured.Unstructured{}, &unstructured.Unstructured{}
			if err := errors.Join(config.UnmarshalJSON(pair.Config), live.UnmarshalJSON(pair.Live)); err != nil {
				return nil, err
			}
			result, err := diff.Diff(context.Background(), config, live, options...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if result.Modified {
				seen[name] = map[string]any{
					"live":     json.RawMessage(result.NormalizedLive),
					"expected": json.RawMessage(result.PredictedLive),
				}
			}
		}
		return seen, nil
	}, nil
}

func eachLine(answer answering) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		found, err := answer(lines.Bytes())
		if err != nil {
			return err
		}
		encoded, err := json.Marshal(found)
		if err != nil {
			return err
		}
		fmt.Println(string(encoded))
	}
	return lines.Err()
}
