"""The only place where parts are joined."""

from covey.assembly.backups import export_store, import_store
from covey.assembly.checking import check_parts
from covey.assembly.joining import join, roles_of
from covey.assembly.node import Node
from covey.assembly.session import ReadyNode, run
from covey.assembly.smoke import SmokeAnswer

__all__ = ["Node", "ReadyNode", "SmokeAnswer", "check_parts", "export_store", "import_store", "join", "roles_of", "run"]
