"""The application that servers and the flask command load. What must not start says why in one line."""

import sys

from app import create_app
from app.database import EngineTooOld
from config import BadSetting

try:
    app = create_app()
except (BadSetting, EngineTooOld) as error:
    sys.exit(f"The registry does not start: {error}")
