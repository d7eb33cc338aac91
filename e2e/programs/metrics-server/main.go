// Command metrics-server is metrics-server with Kubernetes' own description of its kinds. The one that it brings is written
// for the libraries of another version than the cluster's, which do not find its kinds in it.
package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	generated "k8s.io/kubernetes/pkg/generated/openapi"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app/options"
	"sigs.k8s.io/metrics-server/pkg/api"
)

func main() {
	stop := genericapiserver.SetupSignalHandler()
	given := options.NewOptions()
	command := &cobra.Command{Use: "metrics-server", RunE: func(*cobra.Command, []string) error { return run(given, stop) }}
	for _, flags := range given.Flags().FlagSets {
		command.Flags().AddFlagSet(flags)
	}
	os.Exit(cli.Run(command))
}

func run(given *options.Options, stop <-chan struct{}) error {
	if errors := given.Validate(); len(errors) > 0 {
		return errors[0]
	}
	config, err := given.ServerConfig()
	if err != nil {
		return err
	}
	names := openapi.NewDefinitionNamer(api.Scheme)
	config.Apiserver.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(generated.GetOpenAPIDefinitions, names)
	config.Apiserver.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(generated.GetOpenAPIDefinitions, names)
	server, err := config.Complete()
	if err != nil {
		return err
	}
	return server.RunUntil(stop)
}
