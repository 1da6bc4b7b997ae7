"""What a training run of either app needs, whatever it trains."""
