"""What runs beside the web server: scheduled jobs and queued work. Each task is one call of a service."""
