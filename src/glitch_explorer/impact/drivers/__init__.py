"""What drives a family: models against a baseline, SHAP, precursors, vetoes."""
