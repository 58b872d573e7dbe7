"""Fine-tuning of the Vision Transformers that Sulcus serves: one command a step, every figure in a run's JSON."""
