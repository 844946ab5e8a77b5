// The File domain's pipeline, as the default example in Python has it. `pulumi install` makes the package in sdks/.
package main

import (
	"example.com/pulumi-cp-event-source/sdk/go/cpeventsource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		layer, err := cpeventsource.NewDomainPythonLayer(ctx, "file-domain", &cpeventsource.DomainPythonLayerArgs{
			SourceDir: "../default/file_domain",
		})
		if err != nil {
			return err
		}
		files, err := cpeventsource.NewCpEventSource(ctx, "files", &cpeventsource.CpEventSourceArgs{
			CpDomainName:       "File",
			CpDomainLogicLayer: layer.Arn,
			// With `pulumi config set development true` you can destroy the stack with all its events.
			Development: pulumi.BoolRef(config.GetBool(ctx, "development")),
		})
		if err != nil {
			return err
		}
		// For producers and for consumers in other stacks.
		ctx.Export("eventBusName", files.EventBusName)
		ctx.Export("publisherPolicyArn", files.PublisherPolicyArn)
		ctx.Export("domainTableName", files.DomainTableName)
		ctx.Export("domainTableStreamArn", files.DomainTableStreamArn)
		ctx.Export("readerPolicyArn", files.ReaderPolicyArn)
		return nil
	})
}
