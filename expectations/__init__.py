"""Validation: expectations of rows and snapshots, the gate, and anomaly detection."""
