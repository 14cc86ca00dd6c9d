"""A real Prometheus and Alertmanager (Debian's), with our rules, scraping real processes of ours."""
