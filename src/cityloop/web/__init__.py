"""The HTTP interface: one route table, from which the server, its OpenAPI document and the tests are made."""
