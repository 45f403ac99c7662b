"""CSV files: strict reading of what people upload, safe and flat writing of what they download."""
