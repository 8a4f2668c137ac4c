"""The span editor: a component of plain JavaScript and its Python side."""
