"""A stand-in for the provider plugin `aws`: Pulumi's own engine deploys with it into the emulator.

It creates with the local run's creators, and replaces, protects and tags as pulumi-aws documents it. It is no model of
pulumi-aws beyond that: it does not check inputs against AWS's rules, and it refuses what it cannot do.
"""
