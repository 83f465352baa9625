"""What tests share: laboratories, loopback servers, toys, drivers."""
