cdef class Operations:
    pass
