"""How SQLAlchemy drives psycopg here: statements that are marked are planned once for a connection, not for each page.

Half of what the server does for a page is planning. psycopg prepares whatever is asked often, which would plan a search
for rare and common words alike, and forgets it all at every rollback, with which each page that only reads ends. So here
statements are prepared that say so, with `PREPARED`: those that find rows by their keys, whose plan does not depend on
the values; and rows that are inserted one by one, as soon as psycopg sees that they are many. They outlive a rollback,
as they do in the server.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import ServerCursor
from psycopg.pq import TransactionStatus
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.interfaces import ExecuteStyle

PREPARED: Final = {"prepared": True}  # execution options of a statement


class Dialect(PGDialect_psycopg):
    supports_statement_cache = True

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        if isinstance(cursor, ServerCursor):  # its statement is declared, never prepared
            cursor.execute(statement, parameters)
        else:
            cursor.execute(statement, parameters, prepare=_is_prepared(context))

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Without psycopg's forgetting, which is for tables that were made in the transaction. After an error it forgets."""
        if dbapi_connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            dbapi_connection.pgconn.exec_(b"ROLLBACK")
        dbapi_connection.rollback()  # does nothing when that was all; raises when the connection is lost


def _is_prepared(context: Any) -> bool | None:
    """None when psycopg decides, by how often the statement is asked."""
    if context is None:
        return False
    inserts_a_row = context.isinsert and context.execute_style is ExecuteStyle.EXECUTE
    return bool(context.execution_options.get("prepared")) or (None if inserts_a_row else False)
