"""Google Cloud: GPU machines on demand and spot, and the terms of the free trial."""
