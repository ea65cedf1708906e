"""AWS SageMaker: what its notebooks and training jobs cost on GPU machines."""
