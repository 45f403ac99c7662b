"""Ed-Fi, Data Standard 5: our records as its resources, into files or to a server."""
