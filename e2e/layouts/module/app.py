"""The layout of Flask's quickstart: one module with the application in it; no metrics, no log of its own."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)
WORDS = ["anchor", "bilge", "capstan"]


@app.get("/")
def home() -> str:
    return "Words of the sea."


@app.get("/words/<int:number>")
def word(number: int) -> dict[str, object]:
    return {"number": number, "word": WORDS[number % len(WORDS)]}


@app.get("/openapi.json")
def document() -> dict[str, object]:
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}, "example": 2}
    fine = {"200": {"description": "fine"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Words", "version": "1"},
        "paths": {
            "/": {"get": {"operationId": "home", "responses": fine}},
            "/words/{number}": {"get": {"operationId": "word", "parameters": [number], "responses": fine}},
            "/words": {"post": {"operationId": "addWord", "responses": fine}},
        },
    }
