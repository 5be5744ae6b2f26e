from flask import Blueprint

bp = Blueprint("trainer", __name__, url_prefix="/teach")
