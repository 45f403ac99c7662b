"""The settings of gunicorn: `gunicorn -c python:app.cli.web 'app:create_app()'`."""

from gunicorn.config import Config

import config as settings
from app.cli.access_log import AccessLog
from app.web import REFERENCE

bind = f"{settings.host()}:{settings.port()}"
worker_class = "gthread"
workers = settings.web_workers()
threads = settings.web_threads()
preload_app = True  # the application is built once, then forked
timeout = 90  # above the limit of a statement
graceful_timeout = 5
keepalive = 5
accesslog = "-"
access_log_format = Config().access_log_format + f" %({{{REFERENCE}}}o)s"
logger_class = AccessLog
control_socket_disable = True
proc_name = "registrar"


def post_fork(server, worker):  # type: ignore[no-untyped-def]  # gunicorn has no types
    """Forget connections made before the fork: two processes must not talk over one."""
    application = server.app.wsgi()
    with application.app_context():
        for engine in application.extensions["sqlalchemy"].engines.values():
            engine.dispose(close=False)
