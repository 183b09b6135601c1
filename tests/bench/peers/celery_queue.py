"""Celery with Redis, for comparison: Flask gives it a task and answers, and a worker does the task."""

import os

from celery import Celery
from flask import Flask, jsonify

celery = Celery(__name__, broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app = Flask(__name__)


@celery.task(name="task")
def perform(task):
    return {"task": task}


@app.post("/api/add/<task>")
def add(task):
    perform.delay(task)
    return jsonify(task=task, status="queued"), 202
