"""Real servers on loopback that stand in for the network's: here the model hub."""
