// Reads objects as JSON, one a line, and prints for each what Flux makes of it by the health check expressions of a
// Kustomization, which are the argument: an object with inProgress, failed and current, in JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	expressions := kustomize.HealthCheckExpressions{}
	if err := json.Unmarshal([]byte(os.Args[1]), &expressions); err != nil {
		fail(err)
	}
	evaluator, err := cel.NewStatusEvaluator(&expressions)
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(lines.Bytes()); err != nil {
			fail(err)
		}
		result, err := evaluator.Evaluate(context.Background(), object)
		if err != nil {
			// To kustomize-controller such an object is Unknown: it polls on until its timeout.
			fmt.Println(status.UnknownStatus)
			continue
		}
		fmt.Println(result.Status)
	}
}
