"""Fire flow and outages, as the network is and with the plan."""
