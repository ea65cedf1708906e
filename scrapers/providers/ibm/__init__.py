"""IBM: GPU profiles of its virtual servers, whose prices are not public, and the plans of watsonx.ai."""
