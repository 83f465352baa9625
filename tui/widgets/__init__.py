"""Drawing widgets: plain data in, cells out. None of them knows the engine."""
