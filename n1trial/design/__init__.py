"""A trial before its first night: protocol, outcomes, substances, allocation, schedule, blinding, rule of verdicts."""
