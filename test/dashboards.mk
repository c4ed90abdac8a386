# What an operator imports into Grafana and Prometheus.

.PHONY: dashboards
dashboards: $(O)/riverd ## the Grafana dashboard and the alert rules against a running riverd and a real Prometheus
	RIVERD=$(abspath $(O)/riverd) PYTHONDONTWRITEBYTECODE=1 timeout -k 5 400 python3 test/dashboards/dashboards_test.py
