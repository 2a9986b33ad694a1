"""A FastAPI application that commands devices and reads what they measure, and knows nothing of MQTT.

  mqtt broker
  mqtt pub --outbox app.db --create-table
  mqtt sub 'devices/+/readings' --sqlite app.db --table readings --columns 'value=$.value'
  uvicorn app:app --workers 4
"""
import json
import os
import sqlite3

from fastapi import Body, FastAPI, HTTPException

app = FastAPI()


def database():
    return sqlite3.connect(os.environ.get("APP_DB", "app.db"), timeout=30)


@app.put("/devices/{device}/commands/{number}", status_code=202)
def command(device: str, number: int, body: dict = Body()):
    """The client numbers its commands, so that it may ask again when no answer has come."""
    with database() as db:
        db.execute(
            "INSERT INTO outbox(id, topic, payload) VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
            (number, f"devices/{device}/commands", json.dumps(body)))
    return {"number": number}


@app.get("/commands/{number}")
def status(number: int):
    row = database().execute(
        "SELECT sent_at, error FROM outbox WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return {"sent_at": row[0], "error": row[1]}


@app.get("/readings")
def readings(after: int = 0):
    rows = database().execute(
        "SELECT id, topic, value, received_at FROM readings WHERE id > ? ORDER BY id", (after,))
    return [dict(zip(("id", "topic", "value", "received_at"), row)) for row in rows]
