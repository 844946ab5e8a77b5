"""What others' scanners say of the resources that are registered."""
