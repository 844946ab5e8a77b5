// The File domain's pipeline, as the default example in Python has it. `pulumi install` makes the package that it imports.

import * as pulumi from "@pulumi/pulumi";
import { CpEventSource, DomainPythonLayer } from "@pulumi/cp-event-source";

const layer = new DomainPythonLayer("file-domain", { sourceDir: "../default/file_domain" });

const files = new CpEventSource("files", {
    cpDomainName: "File",
    cpDomainLogicLayer: layer.arn,
    // With `pulumi config set development true` you can destroy the stack with all its events.
    development: new pulumi.Config().getBoolean("development"),
});

// For producers and for consumers in other stacks.
export const { eventBusName, publisherPolicyArn, domainTableName, domainTableStreamArn, readerPolicyArn } = files;
