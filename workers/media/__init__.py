"""Makes what people send safe: only pixels, and sound where wanted, survive."""
