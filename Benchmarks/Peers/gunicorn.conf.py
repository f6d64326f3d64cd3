"""How gunicorn serves the project: two workers, all else as it is by default."""

import signal

# Whoever started it may have had signals blocked, which is inherited; it is ended by one.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
workers = 2
control_socket_disable = True
