// Command kwok answers for the kubelets of simulated nodes. It is kwok's controller without kwok's server for logs, exec and
// the like, which nobody asks and which is not compiled with the cluster's version of Kubernetes.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/utils/client"
	"sigs.k8s.io/kwok/pkg/utils/slices"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "cluster")
	stages := flag.String("config", "", "file with stages of nodes and pods")
	selector := flag.String("nodes", "", "label selector of the nodes")
	cidr := flag.String("cidr", "", "addresses of pods")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *stages, *selector, *cidr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig, stages, selector, cidr string) error {
	objects, err := config.Load(ctx, stages)
	if err != nil {
		return err
	}
	byKind := slices.GroupBy(config.FilterWithType[*internalversion.Stage](objects),
		func(stage *internalversion.Stage) internalversion.StageResourceRef { return stage.Spec.ResourceRef })
	clients, err := client.NewClientset("", kubeconfig)
	if err != nil {
		return err
	}
	restConfig, err := clients.ToRESTConfig()
	if err != nil {
		return err
	}
	restClient, err := rest.RESTClientFor(restConfig)
	if err != nil {
		return err
	}
	dynamic, err := clients.ToDynamicClient()
	if err != nil {
		return err
	}
	mapper, err := clients.ToRESTMapper()
	if err != nil {
		return err
	}
	typed, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	ofKwok, err := versioned.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	id, err := controllers.Identity()
	if err != nil {
		return err
	}
	// Whatever is not said here is as in kwok's own program.
	defaults := config.GetKwokConfiguration(ctx).Options
	controller, err := controllers.NewController(controllers.Config{
		Clock:                           clock.RealClock{},
		DynamicClient:                   dynamic,
		RESTClient:                      restClient,
		RESTMapper:                      mapper,
		ImpersonatingDynamicClient:      clients.ToImpersonatingDynamicClient(),
		ImpersonatingTypedClient:        clients.ToImpersonatingTypedClient(),
		TypedClient:                     typed,
		TypedKwokClient:                 ofKwok,
		ManageNodesWithLabelSelector:    selector,
		CIDR:                            cidr,
		NodeIP:                          defaults.NodeIP,
		NodeName:                        defaults.NodeName,
		NodePort:                        defaults.NodePort,
		PodPlayStageParallelism:         defaults.PodPlayStageParallelism,
		NodePlayStageParallelism:        defaults.NodePlayStageParallelism,
		LocalStages:                     byKind,
		NodeLeaseParallelism:            defaults.NodeLeaseParallelism,
		NodeLeaseDurationSeconds:        40,
		ID:                              id,
		PodsOnNodeSyncParallelism:       defaults.PodsOnNodeSyncParallelism,
		EnablePodsOnNodeSyncListPager:   defaults.EnablePodsOnNodeSyncListPager,
		EnablePodsOnNodeSyncStreamWatch: defaults.EnablePodsOnNodeSyncStreamWatch,
	})
	if err != nil {
		return err
	}
	if err := controller.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
