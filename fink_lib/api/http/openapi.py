"""What the OpenAPI document says of a route: its parameters, out of the model that reads them, and an example."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from fink_lib.api.http.formats import MEDIA

ERROR = {
    "description": "What is wrong, of which parameter, and what to do",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["status", "message", "parameter", "value", "fix"],
                        "properties": {
                            "status": {"type": "integer"},
                            "message": {"type": "string"},
                            "parameter": {"type": ["string", "null"]},
                            "value": {},
                            "fix": {"type": ["string", "null"]},
                        },
                    }
                },
            }
        }
    },
}
KNOWN = {"description": "The answer to this ETag has not changed"}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a model, whose lists are text with commas in a query."""
    found: dict[str, Any] = model.model_json_schema(by_alias=True, mode="validation")
    for one in found.get("properties", {}).values():
        one.pop("title", None)
        if one.get("type") == "array":
            for key in ("items", "default", "maxItems", "minItems"):
                one.pop(key, None)
            one["type"] = "string"
    found.pop("$defs", None)
    return found


def _inlined(model: type[BaseModel]) -> dict[str, Any]:
    defined = model.model_json_schema(by_alias=True).get("$defs", {})
    found = _schema(model)
    for one in found["properties"].values():
        if "$ref" in one:
            target = defined[one.pop("$ref").rpartition("/")[2]]
            one.update({key: value for key, value in target.items() if key not in {"title", "description"}})
        for key in ("ra", "dec"):
            if one is found["properties"].get(key):
                one["type"] = ["number", "string"]
    return found


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a model whose references are replaced by what they name."""
    found = model.model_json_schema(by_alias=True, mode="validation")
    defined = found.pop("$defs", {})

    def whole(node: Any) -> Any:
        if isinstance(node, list):
            return [whole(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return whole({**defined[node["$ref"].rpartition("/")[2]], **{k: v for k, v in node.items() if k != "$ref"}})
        return {name: whole(one) for name, one in node.items()}

    made: dict[str, Any] = whole(found)
    return made


def describe(app: FastAPI, paths: dict[str, dict[str, Any]]) -> None:
    """Add routes that FastAPI does not know by itself to the document: path → method → operation.

    Parameters
    ----------
    app
        The application; it may be called again for further routes.
    paths
        Operations as OpenAPI writes them.
    """
    app.state.described = getattr(app.state, "described", {}) | paths
    of_fastapi = FastAPI.openapi

    def document() -> dict[str, Any]:
        made = of_fastapi(app)
        made["paths"] |= app.state.described
        return made

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI's manual extends it


def get_extra(model: type[BaseModel], example: dict[str, Any], media: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is said of GET.

    Parameters
    ----------
    model
        The parameters.
    example
        Parameter → value.
    media
        Media types of the answer; those of tables if none.
    """
    schema = _inlined(model)
    needed = set(schema.get("required", ()))
    parameters = [
        {"name": name, "in": "query", "required": name in needed, "description": one.pop("description", ""),
         "schema": one, **({"example": example[name]} if name in example else {})}
        for name, one in schema["properties"].items()
    ]  # fmt: skip
    return {"parameters": parameters, "responses": responses(media)}


def post_extra(model: type[BaseModel], example: dict[str, Any], media: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is said of POST: the same parameters in a JSON object.

    Parameters
    ----------
    model
        The parameters.
    example
        Parameter → value.
    media
        Media types of the answer; those of tables if none.
    """
    body = {"schema": _inlined(model), "example": example}
    return {
        "requestBody": {"required": False, "content": {"application/json": body}},
        "responses": responses(media),
    }


def responses(media: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the answers of a route that answers rows, or with other media."""
    good = media or {str(one).partition(";")[0]: {} for one in MEDIA.values()}
    told = dict.fromkeys(("400", "401", "404", "410", "413", "422", "429"), ERROR)
    return {"200": {"description": "The answer", "content": good}, "304": KNOWN, **told}
