"""What others would put in our place, each as its documentation says."""
