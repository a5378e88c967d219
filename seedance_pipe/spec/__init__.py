"""The language: YAML, templates and JSON Schemas in; frozen typed stories and located diagnostics out."""
