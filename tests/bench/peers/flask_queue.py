"""The documented way in Python, for comparison: Flask pushes a task on a Redis list and answers."""

import os

import redis
from flask import Flask, jsonify

app = Flask(__name__)
tasks = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.post("/api/add/<task>")
def add(task):
    tasks.lpush("task_queue", task)
    return jsonify(task=task, status="queued"), 202
