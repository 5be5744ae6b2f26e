from flask import Blueprint

bp = Blueprint("provider", __name__, url_prefix="/desk")
