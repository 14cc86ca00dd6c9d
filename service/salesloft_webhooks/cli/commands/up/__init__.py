"""`up`: everything on one machine, from the server to the live view.

``command`` is the command. ``plan`` says which processes there are, ``data_folder`` keeps what outlives a run,
``ports`` finds free ports, ``valkey`` describes the embedded server. ``supervised_process`` keeps one process alive,
``supervisor`` starts and stops all of them in order, ``pipeline_run`` is one run from the first to the last.
``registration`` registers at the demo's SalesLoft what is missing there. ``exposition`` and ``snapshot`` read what all
of them do, ``view`` and ``first_screen`` show it.
"""
