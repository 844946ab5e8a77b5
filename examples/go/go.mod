module cp-event-source-go

go 1.25

require (
	example.com/pulumi-cp-event-source/sdk/go v0.0.0-00010101000000-000000000000
	github.com/pulumi/pulumi/sdk/v3 v3.269.0
)

replace example.com/pulumi-cp-event-source/sdk/go => ./sdks/cp-event-source
