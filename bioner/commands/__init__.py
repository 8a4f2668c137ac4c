"""The command line's subcommands, a module a noun: they parse, call and print."""
